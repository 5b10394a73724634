"""The Predict page as a user handles it."""

from __future__ import annotations

import re
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.serving import wait_until


class PredictPage:
    """Opens, reads and works the page in dash-testing's browser."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser = browser
        self.driver = browser.driver
        self.url = url

    def open(self, path: str = "/?G1=0") -> PredictPage:
        self.driver.get(self.url + path)
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        wait_until(lambda: self.run("return document.documentElement.dataset.ready === '1'"), 30)
        wait_until(lambda: self.text("#probability"), 10)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        while True:
            elements = self.driver.find_elements(By.CSS_SELECTOR, selector)
            try:
                return elements[0].text if elements else ""
            except StaleElementReferenceException:  # drawn anew in between
                continue

    @property
    def probability(self) -> float:
        """The number shown, in percent."""
        number = self.text("#probability").replace("\u00a0", " ").replace("\n", " ")
        match = re.fullmatch(r"(\d+\.\d) ?%", number)
        assert match, number
        return float(match[1])

    def switch(self, name: str) -> Any:
        return self.find(f'#predict-switches input[aria-label="{name}"]')

    def flip(self, name: str) -> None:
        self.run("arguments[0].click()", self.switch(name))

    def on(self) -> list[str]:
        return list(
            self.run(
                "return [...document.querySelectorAll('#predict-switches input')]"
                ".filter(i => i.checked).map(i => i.getAttribute('aria-label'))"
            )
        )

    @property
    def search(self) -> str:
        return str(self.run("return location.search"))

    @property
    def version(self) -> str:
        return str(self.find("#version-picker").get_attribute("value"))

    def pick(self, version: str) -> None:
        """Choose from the list, without waiting for what comes of it."""
        self.find("#version-picker").click()
        option = f"//*[@role='option' and .//*[text()='{version}']]"
        wait_until(lambda: self.driver.find_elements(By.XPATH, option))
        self.driver.find_element(By.XPATH, option).click()

    def choose(self, version: str) -> None:
        self.pick(version)
        wait_until(lambda: self.version == version)
        wait_until(lambda: self.run("return everycase.predict.state.model.version") == version)

    def options(self) -> dict[str, str]:
        """Every option of the open picker: its text by its value's text."""
        self.find("#version-picker").click()
        script = (
            "return [...document.querySelectorAll('[role=option]')]"
            ".map(o => [o.querySelector('.ec-option-name').firstChild.textContent, o.innerText])"
        )
        wait_until(lambda: self.run(script))
        options = dict(self.run(script))
        self.find("#version-picker").send_keys(Keys.ESCAPE)
        return options

    def console(self) -> list[str]:
        """What the browser complained of since last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]
