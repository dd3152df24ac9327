"""As `inside`, but Envoy writes Istio's default access log, as text and as JSON, and its lines are what is answered."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from envoy import inside, istiod, sidecar
from envoy.calls import Request

DEFAULT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" '
    '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%"
)
"""Istio's EnvoyTextLogFormat (pilot/pkg/model/telemetry_logging.go)."""

AS_JSON = {
    "authority": "%REQ(:AUTHORITY)%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "duration": "%DURATION%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "response_code": "%RESPONSE_CODE%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "response_flags": "%RESPONSE_FLAGS%",
    "route_name": "%ROUTE_NAME%",
    "start_time": "%START_TIME%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "user_agent": "%REQ(USER-AGENT)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
}
"""Istio's EnvoyJSONLogFormatIstio (the same file)."""


class Lab(inside.Lab):
    """One whose pods are answered with the lines of each request."""

    def _pod(self, pod: dict[str, Any]) -> list[list[dict[str, str]]]:  # type: ignore[override]
        self._access_log.unlink(missing_ok=True)
        requests = [Request.read(record) for record in pod["requests"]]
        ports = list(islice(self._ports, len(requests)))
        with sidecar.Sidecar(self._folder, self._xds, pod["namespace"], pod["labels"]):
            self._call(list(zip(ports, (one.record() for one in requests), strict=True)))
        found: dict[int, list[dict[str, str]]] = {}
        for text in self._access_log.read_text().splitlines() if self._access_log.exists() else ():
            said = json.loads(text)
            port, line = int(said.pop("client")), said.pop("text")
            found.setdefault(port, []).append({"line": line, "json": json.dumps(said)})
        return [found.get(port, []) for port in ports]


if __name__ == "__main__":
    istiod._LOGGED = {**AS_JSON, "client": "%DOWNSTREAM_REMOTE_PORT%", "text": DEFAULT}
    inside.Lab = Lab  # type: ignore[misc]
    inside.main()
