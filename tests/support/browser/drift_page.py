"""The Drift page as a user handles it."""

from __future__ import annotations

from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

from tests.support.serving import wait_until

FIGURES = 6  # that Plotly draws


class DriftPage:
    """Opens, reads and works the page in dash-testing's browser."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.driver, self.url = browser, browser.driver, url

    def open(self, path: str = "/drift?open=all") -> DriftPage:
        """Open a link, by default with all sections open."""
        self.driver.get(self.url + path)
        wait_until(
            lambda: self.run("return !!document.querySelector('#drift-body')?.children.length"), 30
        )
        return self

    def drawn(self) -> DriftPage:
        """Wait until all charts are there."""
        plots = (
            "return [...document.querySelectorAll('.js-plotly-plot')]"
            ".filter(e => e._fullData && e._fullData.length).length"
        )
        wait_until(lambda: self.run(plots) >= FIGURES, 30, "the figures are drawn")
        wait_until(
            lambda: self.run("return document.querySelectorAll('.ec-sm svg').length") == 10, 10
        )
        return self

    def drawn_in(self, selector: str, figures: int) -> DriftPage:
        """Wait until a part of the page has its charts."""
        plots = "return document.querySelectorAll(arguments[0] + ' .main-svg:first-child').length"
        wait_until(lambda: self.run(plots, selector) >= figures, 30, f"the figures in {selector}")
        return self

    def boxes(self, *selectors: str) -> list[dict[str, float]]:
        """Where elements are on the screen."""
        script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
        return [self.run(script, selector) for selector in selectors]

    def offline(self, off: bool) -> None:
        """Cut the browser off from the server, or connect it again."""
        self._emulate(0, off)

    def slow(self, latency: int) -> None:
        """Let every answer of the server take so many ms."""
        self._emulate(latency, False)

    def _emulate(self, latency: int, offline: bool) -> None:
        speed = {"latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions", speed | {"offline": offline}
        )

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        return str(
            self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        )

    def press(self, xpath: str) -> None:
        """Click, though the page may be drawn anew in between."""
        while True:
            try:
                self.driver.find_element(By.XPATH, xpath).click()
                return
            except StaleElementReferenceException:
                continue

    def follow(self, words: str) -> None:
        self.press(f"//main//a[normalize-space()='{words}']")

    def all(self, selector: str) -> list[str]:
        script = (
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())"
        )
        return list(self.run(script, selector))

    def pick(self, selector: str, label: str) -> None:
        """Choose in one of Mantine's selects."""
        self.driver.find_element(By.CSS_SELECTOR, selector).click()
        option = f"//*[@role='option' and contains(., '{label}')]"
        wait_until(lambda: self.driver.find_elements(By.XPATH, option), 10, label)
        options = [e for e in self.driver.find_elements(By.XPATH, option) if e.is_displayed()]
        options[0].click()

    def wait_address(self, part: str) -> None:
        wait_until(
            lambda: part in self.driver.current_url, 10, f"{part} in {self.driver.current_url}"
        )
        wait_until(
            lambda: (
                not self.run("return document.documentElement.classList.contains('ec-waiting')")
            ),
            15,
        )
