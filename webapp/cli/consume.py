"""``everycase consume``: feature events from Kafka, answered and logged once each."""

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
from webapp.settings import Settings

if TYPE_CHECKING:
    from webapp.streams.kafka import Cluster

_LOOK_SECONDS = 2.0  # that a look at the models gets to end
_NEW_OBJECTS = 100_000  # between two collections of garbage
REFUSED = 3  # the brokers refuse for good: whoever starts it again should wait


@click.command()
@click.option("--servers", help="Brokers, HOST:PORT,… [default: KAFKA_BOOTSTRAP_SERVERS].")
@click.option("--group", help="Consumer group [default: KAFKA_GROUP].")
@click.option("--features", help="Topic that is answered [default: KAFKA_FEATURES_TOPIC].")
@click.option("--answers", help="Topic for answers [default: KAFKA_ANSWERS_TOPIC].")
@click.option("--outcomes", help="Topic of outcomes [default: KAFKA_OUTCOMES_TOPIC].")
@click.option("--dead-letters", help="For bad messages [default: KAFKA_DEAD_LETTERS_TOPIC].")
@click.option("--property", "properties", multiple=True, metavar="NAME=VALUE",
              help="Of librdkafka's, such as security.protocol=SASL_SSL; repeatable.")  # fmt: skip
@click.option("--properties", "file", type=click.Path(path_type=Path),
              help="File with properties, one a line [default: KAFKA_PROPERTIES].")  # fmt: skip
@click.option("--version", help="The version that answers [default: the champion, followed].")
@click.option("--prefix", help="Of request ids made from offsets [default: KAFKA_PREFIX].")
@click.option("--keyed", is_flag=True, help="A message's key is its request id.")
@click.option("--batch", default=2000, show_default=True, type=click.IntRange(1, 10_000),
              help="Most messages a transaction.")  # fmt: skip
@click.option("--hold", default="5m", show_default=True, type=duration(),
              help="How long an outcome waits for its event.")  # fmt: skip
@click.option("--metrics", type=click.Path(path_type=Path, dir_okay=False),
              help="File that is written for Prometheus, NAME.prom.")  # fmt: skip
@click.pass_obj
def consume(settings: Settings, /, **asked: Any) -> None:
    """Answer feature events from a Kafka topic, and log each once.

    SIGTERM and Ctrl-C end it after the batch at work. Status 3: the brokers refuse.
    """
    from webapp.server import logging_setup
    from webapp.services.predict import version_choice
    from webapp.streams import kafka

    stop = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_services(settings) as services, _watching(settings):
        if asked["version"] is not None:
            version_choice.resolve(services, asked["version"])
        try:
            cluster = _cluster(settings, asked)
            logging_setup.configure(settings.log_format, settings.log_level)
            _run(services, cluster, settings, asked, stop)
        except kafka.KafkaError as error:
            raise click.ClickException(str(error)) from None
        except kafka.RefusedError as error:
            click.echo(f"Error: Kafka refuses: {error}", err=True)
            raise click.exceptions.Exit(REFUSED) from None


@contextmanager
def _watching(settings: Settings) -> Iterator[None]:
    """New versions are noticed though no server runs here, and a new champion answers."""
    from webapp.server.supervisor import watch_without_supervisor

    end = Flag()
    thread = Thread(target=watch_without_supervisor, args=(settings, end), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(_LOOK_SECONDS)


def _cluster(settings: Settings, asked: dict[str, Any]) -> Cluster:
    from webapp.streams import kafka

    servers = asked["servers"] or settings.kafka_bootstrap_servers
    if not servers:
        raise kafka.KafkaError("where are the brokers? Set KAFKA_BOOTSTRAP_SERVERS, or --servers")
    found: dict[str, str] = {}
    path = asked["file"] or settings.kafka_properties
    if path is not None:
        found |= kafka.read_properties(path)
    for text in asked["properties"]:
        found |= kafka.read_property(text)
    return kafka.Cluster(servers, asked["group"] or settings.kafka_group, found)


def _run(
    services: Any, cluster: Cluster, settings: Settings, asked: dict[str, Any], stop: Flag
) -> None:
    from webapp.streams.features import Rules
    from webapp.streams.kafka import KafkaError, open_clients
    from webapp.streams.report import Report
    from webapp.streams.sender import Sender
    from webapp.streams.source import Source
    from webapp.streams.worker import Plan, Worker

    plan = Plan(
        asked["features"] or settings.kafka_features_topic,
        asked["outcomes"] or settings.kafka_outcomes_topic,
        Rules(asked["version"], asked["prefix"] or settings.kafka_prefix, asked["keyed"]),
        asked["batch"],
        asked["hold"] / 1000,
    )
    answers = asked["answers"] or settings.kafka_answers_topic
    dead_letters = asked["dead_letters"] or settings.kafka_dead_letters_topic
    if len({plan.features, plan.outcomes, answers, dead_letters}) < 4:
        raise KafkaError("features, answers, outcomes and dead letters need a topic each")
    consumer, producer = open_clients(cluster)
    source = Source(consumer, [plan.features, plan.outcomes], plan.most)
    sender = Sender(producer, answers, dead_letters)
    gc.freeze()  # batches have no cycles, and looking for some took a fifth of the time
    gc.set_threshold(_NEW_OBJECTS)
    Worker(services, source, sender, plan, Report(asked["metrics"]), stop).run()
