"""The owner's desk: log-in, sessions, the frame of all pages, and the pages themselves."""
