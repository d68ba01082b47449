"""From fetched items to Kafka, with every source's accounts and health."""
