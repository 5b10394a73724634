"""``everycase consume``: answer feature events from Kafka, and log each once."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from webapp.cli.context import open_services
from webapp.cli.traffic import duration
from webapp.cli.version_name import VERSION
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.streams.kafka import Cluster

_LOOK_SECONDS = 2.0  # time limit for the watcher of models to end
_NEW_OBJECTS = 100_000  # between two garbage collections
REFUSED = 3  # exit status: the brokers refuse permanently, so restarting at once is no use


@click.command()
@click.option("--servers", help="Brokers, HOST:PORT,… [default: KAFKA_BOOTSTRAP_SERVERS].")
@click.option("--group", help="Consumer group [default: KAFKA_GROUP].")
@click.option("--features", help="Topic of feature events [default: KAFKA_FEATURES_TOPIC].")
@click.option("--answers", help="Topic for answers [default: KAFKA_ANSWERS_TOPIC].")
@click.option("--outcomes", help="Topic of outcomes [default: KAFKA_OUTCOMES_TOPIC].")
@click.option("--dead-letters",
              help="Topic for bad messages [default: KAFKA_DEAD_LETTERS_TOPIC].")  # fmt: skip
@click.option("--property", "properties", multiple=True, metavar="NAME=VALUE",
              help="librdkafka property, e.g. security.protocol=SASL_SSL; repeatable.")  # fmt: skip
@click.option("--properties", "file", type=click.Path(path_type=Path),
              help="File with one property per line [default: KAFKA_PROPERTIES].")  # fmt: skip
@click.option(
    "--version", type=VERSION, help="Version that answers [default: the current champion]."
)
@click.option("--prefix", help="Prefix of request ids made from offsets [default: KAFKA_PREFIX].")
@click.option("--keyed", is_flag=True, help="Use a message's key as its request id.")
@click.option("--batch", default=2000, show_default=True, type=click.IntRange(1, 10_000),
              help="Maximum messages per transaction.")  # fmt: skip
@click.option("--hold", default="5m", show_default=True, type=duration(),
              help="How long to hold an outcome for its event.")  # fmt: skip
@click.option("--metrics", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write for Prometheus, NAME.prom.")  # fmt: skip
@click.pass_obj
def consume(settings: Settings, /, **options: Any) -> None:
    """Answer feature events from a Kafka topic, and log each once.

    SIGTERM and Ctrl-C stop it after the current batch. Exit status 3: the brokers refused.
    """
    from webapp.server import logging_setup
    from webapp.services.predict import version_choice
    from webapp.streams import kafka

    stop = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_services(settings) as services, _watching(settings):
        if options["version"] is not None:
            version_choice.resolve(services, options["version"])
        try:
            cluster = _cluster(settings, options)
            logging_setup.configure(settings.log_format, settings.log_level, settings.secrets)
            _run(services, cluster, settings, options, stop)
        except kafka.KafkaError as error:
            raise click.ClickException(str(error)) from None
        except kafka.RefusedError as error:
            click.echo(f"Error: the brokers refused: {error}", err=True)
            raise click.exceptions.Exit(REFUSED) from None


@contextmanager
def _watching(settings: Settings) -> Iterator[None]:
    """Watch for new versions and champions, in case no server does it on this machine."""
    from webapp.server.supervisor import watch_without_supervisor

    end = Flag()
    thread = Thread(target=watch_without_supervisor, args=(settings, end), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(_LOOK_SECONDS)


def _cluster(settings: Settings, options: dict[str, Any]) -> Cluster:
    from webapp.streams import kafka

    servers = options["servers"] or settings.kafka_bootstrap_servers
    if not servers:
        raise kafka.KafkaError("no brokers: set KAFKA_BOOTSTRAP_SERVERS or use --servers")
    properties: dict[str, str] = {}
    path = options["file"] or settings.kafka_properties
    if path is not None:
        properties |= kafka.read_properties(path)
    for text in options["properties"]:
        properties |= kafka.read_property(text)
    return kafka.Cluster(servers, options["group"] or settings.kafka_group, properties)


def _run(
    services: Any, cluster: Cluster, settings: Settings, options: dict[str, Any], stop: Flag
) -> None:
    from webapp.streams.features import ReadingRules
    from webapp.streams.kafka import KafkaError, open_clients
    from webapp.streams.outage import Outage
    from webapp.streams.report import ConsumerReport
    from webapp.streams.sender import Sender
    from webapp.streams.source import MessageSource
    from webapp.streams.worker import ConsumerPlan, Worker

    plan = ConsumerPlan(
        options["features"] or settings.kafka_features_topic,
        options["outcomes"] or settings.kafka_outcomes_topic,
        ReadingRules(
            options["version"], options["prefix"] or settings.kafka_prefix, options["keyed"]
        ),
        options["batch"],
        options["hold"] / 1000,
    )
    answers = options["answers"] or settings.kafka_answers_topic
    dead_letters = options["dead_letters"] or settings.kafka_dead_letters_topic
    if len({plan.features, plan.outcomes, answers, dead_letters}) < 4:
        raise KafkaError("features, answers, outcomes and dead letters need separate topics")
    outage = Outage()
    consumer, producer = open_clients(cluster, outage)
    source = MessageSource(consumer, [plan.features, plan.outcomes], plan.most, outage)
    sender = Sender(producer, answers, dead_letters)
    gc.freeze()  # batches have no cycles, and searching for some took a fifth of the time
    gc.set_threshold(_NEW_OBJECTS)
    Worker(services, source, sender, plan, ConsumerReport(options["metrics"]), stop).run()
