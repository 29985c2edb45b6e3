"""AWS: billing exports in S3 or in a folder, the provider's own totals, and what is needed to reach them."""
