"""Plans, reports, runs, inventories and kinds as text, Markdown, JSON and HTML.

Every view is a pure function from plain data (a plan in its public JSON form) to one string.
"""
