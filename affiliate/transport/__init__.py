"""Calls over HTTP to agencies: the only opener of sockets, within deadlines and sizes."""
