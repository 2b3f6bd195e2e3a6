"""What is shipped for Prometheus and Grafana, against the real answer and the real tools."""
