"""A viewer without a browser: speaks Streamlit's websocket, runs the page, and keeps its fragments ticking.

What a browser draws is not counted, so the server's own cost and the size of an update can be.
"""

import time

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect


class Viewer:
    """One session on a server at 127.0.0.1:port. `run` runs the page, `tick` its fastest fragment."""

    def __init__(self, port: int, page: str = "", query: str = ""):
        self.page, self.query = page, query
        self.page_hash = ""  # the page's name to the server, once it has told
        self.fragments: dict[str, float] = {}  # id -> seconds between its runs
        self.buttons: dict[str, str] = {}  # label -> id, as last drawn
        self.radio: tuple[str, list[str]] | None = None  # the one drawn last: its id, its options
        self.primary: list[str] = []  # labels of those that the last run of the page drew as its main ones
        self.links: list[str] = []  # the pages' names beside the page
        self.said: list[str] = []  # text that the last run drew
        self.said_by_page: list[str] = []  # text that the last run of the whole page drew
        self.exceptions = 0  # of the program, in all
        self.errors: list[str] = []  # sentences in red boxes, in all
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self.socket = connect(address, subprotocols=["streamlit"], max_size=None, compression=None, legacy=True)

    def close(self) -> None:
        self.socket.close()

    def run(self, fragment_id: str = "", timeout: float = 60, clicked: str = "", chosen: int | None = None) -> int:
        """Run the page, or one fragment of it; with a button pressed, and the radio that was drawn last at the option
        `chosen`. Returns how many bytes came back until the run had ended."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        message.rerun_script.page_script_hash = self.page_hash
        if fragment_id:
            message.rerun_script.fragment_id = fragment_id
        if clicked:
            message.rerun_script.widget_states.widgets.add(id=self.buttons[clicked], trigger_value=True)
        if chosen is not None and self.radio:
            message.rerun_script.widget_states.widgets.add(id=self.radio[0], string_value=self.radio[1][chosen])
        self.said = []
        self.socket.send(message.SerializeToString())
        return self._until_finished(timeout)

    def tick(self) -> int:
        """Run the fragment that ticks fastest. Returns the bytes of the update."""
        return self.run(min(self.fragments, key=self.fragments.get))

    def click(self, label: str) -> None:
        """Press a button that was drawn, as a browser would; the page runs once more, on what it wrote into its URL."""
        self.run(clicked=label)

    def _until_finished(self, timeout: float) -> int:
        size, until = 0, time.monotonic() + timeout
        while True:
            data = self.socket.recv(timeout=until - time.monotonic())
            message = ForwardMsg()
            message.ParseFromString(data)
            size += len(data)
            kind = message.WhichOneof("type")
            if kind == "new_session" and not message.metadata.run.fragment_ids:
                self.fragments, self.primary, self.radio = {}, [], None  # the page draws them anew
                self.buttons, self.said_by_page = {}, self.said
            elif kind == "auto_rerun":
                self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._draw(message.delta.new_element)
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
                self.links = [page.page_name for page in message.navigation.app_pages]
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return size

    def _draw(self, element) -> None:
        match element.WhichOneof("type"):
            case "button":
                self.buttons[element.button.label] = element.button.id
                if element.button.type == "primary" and not element.button.disabled:
                    self.primary.append(element.button.label)
            case "radio":
                self.radio = element.radio.id, list(element.radio.options)
            case "heading":
                self.said.append(element.heading.body)
            case "exception":
                self.exceptions += 1
            case "markdown":
                self.said.append(element.markdown.body)
            case "progress":
                self.said.append(element.progress.text)
            case "alert":
                self.said.append(element.alert.body)
                if element.alert.format == Alert.ERROR:
                    self.errors.append(element.alert.body)
