"""A theme that changes while a page is open, with the system or by the menu: charts and colours are made on the server,
for one of them, so the page runs again."""

import streamlit as st

from core.ui.charts import theme

HTML = "<i></i>"
CSS = "i { color: var(--st-text-color); transition: color 1ms; }"  # its end is the news that all colours are there
JS = """export default function ({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  mark.dataset.theme = data.theme;
  mark.ontransitionend = () => setTriggerValue("changed", true);
}"""
component = st.components.v2.component("theme", html=HTML, css=CSS, js=JS)


def follow_theme() -> None:
    component(data={"theme": theme()}, key="theme", on_changed_change=lambda: None)
