"""The kit that pages are made of: the frame of a page, the visitor's choices, an experiment on a page, the text that
the visitor has chosen, charts and sentences that several lessons have.

A page begins with `choices = open_page(...)` and reads as a lesson. Session state has no key outside of this folder
and the lessons.
"""
