"""What is shipped to run and to watch a gateway: the image, compose.yaml, the units, the alerts, the dashboard."""
