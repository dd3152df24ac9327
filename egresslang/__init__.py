"""egresslang: policy as code for traffic that leaves an Istio mesh."""

__version__ = "0.1.0"
