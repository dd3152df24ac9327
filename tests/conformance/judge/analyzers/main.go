// The analyzers program runs every analyzer of istioctl over files, those too that need Services and Pods.
//
// `istioctl analyze --use-kube=false` leaves out the analyzers that ask about what a cluster holds. Against a cluster it
// runs them all; this is what it would say there. Each argument is a file of manifests; each line on stdout is a file, the
// codes of what was found, and each code with the kind of resource it is about, as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/log"
)

// Found is what the analyzers say of a file.
type Found struct {
	File  string   `json:"file"`
	Codes []string `json:"codes"`
	About []string `json:"about"`
	Error string   `json:"error,omitempty"`
}

func main() {
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		if err := out.Encode(analyze(path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}

func analyze(path string) Found {
	found := Found{File: path, Codes: []string{}, About: []string{}}
	file, err := os.Open(path)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	defer file.Close()
	analyzer := local.NewSourceAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	if err := analyzer.AddTestReaderKubeSource([]local.ReaderSource{{Name: path, Reader: file}}); err != nil {
		found.Error = err.Error()
	}
	if err := analyzer.AddDefaultResources(); err != nil {
		found.Error = err.Error()
	}
	stop := make(chan struct{})
	defer close(stop)
	result, err := analyzer.Analyze(stop)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	seen := map[string]bool{}
	for _, message := range result.Messages {
		if !seen[message.Type.Code()] {
			seen[message.Type.Code()] = true
			found.Codes = append(found.Codes, message.Type.Code())
		}
		if about := message.Type.Code() + " " + kind(message); !seen[about] {
			seen[about] = true
			found.About = append(found.About, about)
		}
	}
	return found
}

func kind(message diag.Message) string {
	if message.Resource == nil {
		return ""
	}
	return message.Resource.Metadata.Schema.Kind()
}
