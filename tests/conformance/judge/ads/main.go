// The ads program is a real istiod that serves real Envoys.
//
// It reads one mesh a line (JSON) on stdin: a mesh configuration, Istio resources and Kubernetes objects as YAML, and
// the path of a Unix socket. It starts a whole istiod over a fake Kubernetes, serves its xDS on that socket, and
// answers with one line on stdout. The next line, or the end of stdin, ends that istiod.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"

	"istio.io/istio/pilot/test/xds"
)

// Mesh is what an istiod knows, and where it is to be asked.
type Mesh struct {
	MeshConfig string `json:"meshConfig"`
	Istio      string `json:"istio"`
	Kubernetes string `json:"kubernetes"`
	Socket     string `json:"socket"`
}

// Answer says that the mesh is served; Error says why it is not.
type Answer struct {
	Error string `json:"error,omitempty"`
}

func main() {
	for _, s := range log.Scopes() {
		s.SetOutputLevel(log.NoneLevel)
	}
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	encoder := json.NewEncoder(os.Stdout)
	stop := func() {}
	for decoder.More() {
		var m Mesh
		if err := decoder.Decode(&m); err != nil {
			fmt.Fprintln(os.Stderr, "ads: not a mesh:", err)
			os.Exit(2)
		}
		stop()
		var answer Answer
		var err error
		if stop, err = serve(m); err != nil {
			answer.Error = err.Error()
		}
		if err := encoder.Encode(answer); err != nil {
			fmt.Fprintln(os.Stderr, "ads:", err)
			os.Exit(2)
		}
	}
	stop()
}

// serve returns when the mesh is served, with what ends it.
func serve(m Mesh) (stop func(), err error) {
	meshConfig, err := mesh.ApplyMeshConfig(m.MeshConfig, mesh.DefaultMeshConfig())
	if err != nil {
		return func() {}, fmt.Errorf("meshConfig: %w", err)
	}
	ready, ending, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- test.Wrap(func(t test.Failer) {
			defer func() {
				if r := recover(); r != nil {
					t.Fatalf("panic: %v", r)
				}
			}()
			xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
				MeshConfig:             meshConfig,
				ConfigString:           m.Istio,
				KubernetesObjectString: m.Kubernetes,
				ListenerBuilder:        func() (net.Listener, error) { return net.Listen("unix", m.Socket) },
			})
			close(ready)
			<-ending
		})
	}()
	select {
	case <-ready:
		return func() { close(ending); <-ended }, nil
	case err := <-ended:
		if err == nil {
			err = errors.New("istiod ended by itself")
		}
		return func() {}, err
	}
}
