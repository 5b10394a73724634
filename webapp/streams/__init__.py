"""Events that come as messages: read, answered, logged once each (``everycase consume``)."""
