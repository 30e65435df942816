"""What a worker sends of an experiment, on its way to the store."""

from core.lab.line import Line
from core.lab.store import Status
from core.lab.writer import Writer


class Intake:
    """Tells the line what has begun and ended, and gives the writer what is to be kept."""

    def __init__(self, line: Line, writer: Writer):
        self.line, self.writer = line, writer

    def take(self, event: tuple) -> None:
        """A list of messages. Runs in the client's own thread, which must not wait for a database."""
        _, content = event
        experiment_id = content["experiment"]
        entry = self.line.entries.get(experiment_id)
        for message in content["messages"]:
            match message["kind"]:
                case "started":
                    worker = message.pop("worker")
                    if entry:
                        entry.begin(worker)
                    self.writer.set_status(experiment_id, Status.RUNNING)
                    self.writer.append(experiment_id, [message])
                case "paused":
                    if entry:
                        entry.pause()
                    self.writer.set_status(experiment_id, Status.PAUSED)
                case "resumed":
                    if entry:
                        entry.resume()
                    self.writer.set_status(experiment_id, Status.RUNNING)
                case "ended":
                    if entry and message["status"] == Status.DONE and not entry.checkpoint:  # all of it was here
                        self.line.learn(entry)
                    self.writer.set_status(experiment_id, Status(message["status"]), message["sentence"])
                case _:
                    self.writer.append(experiment_id, [message])
