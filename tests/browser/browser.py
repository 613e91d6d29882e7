# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium for the tests of pages: opens them, asks them, and tells what they said to
the console and asked of the network. Used as

    with Browser() as browser:
        browser.open("file:///.../report.html")
        browser.texts("h2")
        browser.complaints()
"""
import json
import os
import shutil
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HANGS = 120  # seconds


class Browser:
    def __init__(self, width=1280, height=1000, dark=False):
        self.home = tempfile.mkdtemp(prefix="browser.", dir=os.environ.get("TEST_DIR"))
        options = webdriver.ChromeOptions()
        for argument in (
            "--headless=new",
            "--no-sandbox",  # the tests may run as root
            "--disable-dev-shm-usage",  # small in containers
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            f"--user-data-dir={self.home}/profile",
            f"--window-size={width},{height}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        options.binary_location = shutil.which("chromium")
        # Chromium writes to its home, which may be missing or read-only.
        environment = dict(os.environ, HOME=self.home, XDG_CONFIG_HOME=self.home,
                           XDG_CACHE_HOME=self.home)
        service = Service(shutil.which("chromedriver"), env=environment)
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(HANGS)
        self.driver.set_script_timeout(HANGS)
        self.said, self.asked = [], []
        self.dark(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.home, ignore_errors=True)

    def dark(self, dark):
        """Sets prefers-color-scheme."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, url, ready="yes"):
        """Opens a page and waits until its script is done (body[data-ready], charts.js)."""
        self.driver.get(url)
        return self.wait(lambda: self.js("return document.body.dataset.ready"), ready)

    def wait(self, ask, expected):
        """Waits until ask() gives that; returns what it gave last."""
        end = time.monotonic() + HANGS
        while True:
            value = ask()
            if value == expected or value == "failed" or time.monotonic() > end:
                return value
            time.sleep(0.05)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css):
        """The text of every such element, shown or not."""
        return self.js("return [...document.querySelectorAll(arguments[0])]"
                       ".map((one) => one.textContent)", css)

    def click(self, css):
        self.driver.find_element(By.CSS_SELECTOR, css).click()

    def press(self, css, *keys):
        """Keys by the names of selenium's Keys, or letters."""
        element = self.driver.find_element(By.CSS_SELECTOR, css)
        element.send_keys(*[getattr(Keys, key, key) for key in keys])

    def charts(self):
        """Of every chart: its title, labels and series of values."""
        return self.js("""return epmt.charts.map(({title, chart}) => ({title,
            labels: chart.data.labels, sets: chart.data.datasets.map(({label, values, data}) =>
            ({label, values: values || data})), width: chart.width, height: chart.height}))""")

    def screenshot(self, path, width=None, height=None):
        """Of the whole page, or of its upper part of that height."""
        width = width or self.js("return document.documentElement.clientWidth")
        height = height or self.js("return document.documentElement.scrollHeight")
        self.driver.set_window_size(width, height)
        time.sleep(0.3)  # the charts follow the window
        self.driver.save_screenshot(path)

    def complaints(self):
        """What the console was told since the browser began, as texts: warnings too."""
        self.said += [f"{entry['level']}: {entry['message']}"
                      for entry in self.driver.get_log("browser")]
        return self.said

    def requests(self):
        """Every address that was asked for since the browser began."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith("chrome:"):  # its own first page
                    self.asked.append(url)
        return self.asked
