"""The address of a page, as others can open it."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import psutil
import streamlit as st

LOCAL = ("localhost", "127.0.0.1", "::1")  # what only this computer is called by


def link(**params: str) -> str:
    """The address of this page, for others: where it was opened as localhost, by this computer's own address."""
    here, own = urlsplit(st.context.url or ""), own_address()
    if here.hostname in LOCAL and own:
        here = here._replace(netloc=f"{own}:{here.port}" if here.port else own)
    return urlunsplit(here._replace(query=urlencode(params)))


def host() -> str:
    """By which this page was opened."""
    return urlsplit(st.context.url or "").hostname or ""


def own_address() -> str:
    """This computer's address in its network; empty where it has none."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family.name == "AF_INET" and not each.address.startswith(("127.", "169.254.")):
                return each.address
    return ""
