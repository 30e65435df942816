"""What pages are made of: the visitor's choices, shared widgets, the live view of a race, navigation.

A page begins with `page = open_page()` and reads as a lesson: say, ask, call, show. Session state has no key outside
this folder.
"""
