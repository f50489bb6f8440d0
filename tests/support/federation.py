"""Starts one server for each agency, all at once."""

from affiliate.config.setting_table import get_setting_prefix
from tests.dialects import DIALECTS, Server

OWN = {"shutterstock-editorial"}  # it goes by Shutterstock's own key and address


class Agencies(dict[str, Server]):
    """The servers of all agencies by their names."""

    def settings(self) -> dict[str, str]:
        found = {"AGENCIES": ",".join(self)}
        for name, server in self.items():
            keys = next(one.keys for one in DIALECTS if one.name == name)
            found |= {f"{get_setting_prefix(name)}{key}": value for key, value in keys.items()}
            found[f"{get_setting_prefix(name)}URL"] = server.url
        return found

    def calls(self) -> int:
        return sum(len(server.requests) for server in self.values())
