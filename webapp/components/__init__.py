"""Building blocks that several pages share: the frame, the document, filters, charts, markup."""
