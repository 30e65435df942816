"""A class: a teacher, students, a board, and activities in which all of them predict, measure and compare. Its state is
in the database, so that servers share it, and a reload or a restart changes nothing for anybody."""
