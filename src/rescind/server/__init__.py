"""HTTP/1.1 on the bare socket: the protocol, faults on the wire, workers, reload."""
