"""What the money bought: requests, tokens, runs, GB, latency, quality, from files, Prometheus and CloudWatch.

Files are read when a question is asked. What comes over a network is fetched by `pull` alone and kept beside the
ledger, so that no report and no check ever waits for one.
"""
