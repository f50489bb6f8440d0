"""After the log-out no engine shows a page of the desk again."""

from tests.support.owner_desk import PASSWORD
from tests.support.site_server import SiteServer
from tests.support.window_pages import shows
from tests.support.windows import Window

LOG_IN = f"""
document.querySelector("[name=password]").value = {PASSWORD!r};
setTimeout(() => document.querySelector("main form").submit())
"""
LOG_OUT = "setTimeout(() => document.querySelector('header form').submit())"
IS_AT_LOG_IN = "return !!document.querySelector('[name=password]')"


def test_back_after_the_log_out_leads_to_the_log_in(window: Window, visited: SiteServer) -> None:
    """Also where the engine keeps pages over http that no cache may keep."""
    window.open(f"{visited.url}/owner/log-in")
    window.run(LOG_IN)
    shows(window, "return document.title.startsWith('Overview')")
    window.open(f"{visited.url}/owner/sessions")
    shows(window, "return document.title.startsWith('Where you are logged in')")
    window.run(LOG_OUT)
    shows(window, IS_AT_LOG_IN)
    window.run("window.isLeft = true")
    window.back()
    shows(window, f"{IS_AT_LOG_IN} && !window.isLeft")
