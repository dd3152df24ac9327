"""A real Envoy, configured by real istiod code, behind a real redirection.

Everything runs in namespaces of its own (`running` starts it, `inside` is its first process), in three networks:

    client  --veth-->  sidecar (Envoy on 15001, istiod)  --veth-->  world (every upstream, DNS)

What the client sends to any address is redirected to Envoy, and whole networks answer in the world, so only Envoy
can be what keeps a client from an upstream. `cases` are the meshes and calls, `seen.jsonl` is what became of them.
"""
