"""Hold a class: a teacher's desk, a board for the projector, and a seat for everyone else."""

from core.lessons.hold_a_class.view import show_door
from core.lessons.hold_a_class.view_access import class_of, desk_of, remember, seat_in
from core.lessons.hold_a_class.view_board import show_board
from core.lessons.hold_a_class.view_desk import show_desk
from core.lessons.hold_a_class.view_seat import show_seat
from core.lessons.hold_a_class.words import ANSWER, QUESTION
from core.ui.choices import Choices
from core.ui.lab import server
from core.ui.page import LabError, open_page, show_error

choices = open_page(QUESTION, "" if Choices().class_code else ANSWER)  # who is in a class knows
try:
    desk = desk_of(choices) if choices.class_role == "desk" or choices.desk_secret else None
    state = server().classes.look(desk.class_id) if desk else class_of(choices)
    if state and desk:
        show_desk(choices, state, desk)
    elif state and choices.class_role == "board":
        show_board(state)
    elif state and (seat := seat_in(state.id)):
        show_seat(state, seat)
    else:
        show_door(choices, state, remember)
except (ValueError, LabError) as error:
    show_error(error)
