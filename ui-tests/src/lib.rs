//! Nothing here: the cases stand in `ui/`, their runner in `tests/`.
