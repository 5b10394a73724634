"""Connections as the worker's event loop serves them, so that a slow client costs no thread.

clients: how many each client has, over all workers; budget: disk space for what waits;
request_head, request_body, request_reader: what arrives; response_socket: what a thread writes to;
connection, connection_set: one, and all; refusals: answers to what can't be served;
event_loop: all of it together.
"""
