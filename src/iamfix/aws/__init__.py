"""The one place that speaks to AWS: sessions and roles, bulk reads, and calls with patience."""
