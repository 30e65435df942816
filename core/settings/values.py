"""The value of every setting: their defaults, from a URL, to a URL."""

from types import SimpleNamespace

from core.settings.declared import CLASS, PREPARED, SETTINGS, VIEW
from core.settings.old_names import present
from core.settings.setting import WrongValue


class Settings(SimpleNamespace):
    """The settings as attributes; those that are not given have their defaults."""

    def __init__(self, **values):
        super().__init__(**{name: setting.default for name, setting in SETTINGS.items()})
        self.update(**values)

    def update(self, **values) -> None:
        unknown = values.keys() - SETTINGS.keys()
        assert not unknown, f"There is no setting {', '.join(unknown)}."
        self.__dict__.update(values)

    @classmethod
    def from_url(cls, params: dict[str, str]) -> tuple["Settings", list[str]]:
        """(settings, notes): what the URL's parameters say, and a sentence for each that could not be used. Unknown
        ones are passed over."""
        settings, notes, given = cls(), [], present(params)
        for name, setting in SETTINGS.items():
            if setting.url_name not in given:
                continue
            used, text = given[setting.url_name]
            try:
                settings.update(**{name: setting.read(text)})
            except WrongValue as why:
                notes.append(f"The address's “{used}” could not be used ({why}); the default is used.")
        return settings, notes

    @property
    def prepared(self) -> bool:
        """Whether whoever made the link has prepared the pages."""
        return any(getattr(self, setting.name) != setting.default for setting in PREPARED)

    def fixed(self, name: str) -> bool:
        """Whether a prepared page keeps this setting as it is."""
        return name in self.lock or name in self.hide

    def for_others(self, **prepared) -> "Settings":
        """What a link for others says: no class of this visitor's, with its secret, and no view of their screen."""
        own = {setting.name for setting in (*CLASS, *VIEW)}
        return Settings(**{name: value for name, value in vars(self).items() if name not in own} | prepared)

    def to_url(self) -> dict[str, str]:
        """The parameters that say what differs from the defaults."""
        return {
            setting.url_name: setting.write(getattr(self, name))
            for name, setting in SETTINGS.items()
            if getattr(self, name) != setting.default
        }
