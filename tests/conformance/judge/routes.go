package main

import (
	"slices"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
)

// routes is what istiod answers to an Envoy that asks for the routes of its listeners, each once. (The simulation asks
// once for each filter chain, and not for those of default chains: istiod answers the second time otherwise than the
// first where it tells protocols apart by sniffing.)
func routes(istiod *xds.FakeDiscoveryServer, proxy *model.Proxy, listeners []*listener.Listener) []*route.RouteConfiguration {
	var names []string
	for _, l := range listeners {
		for _, chain := range append(slices.Clone(l.FilterChains), l.DefaultFilterChain) {
			for _, filter := range chain.GetFilters() {
				manager := &hcm.HttpConnectionManager{}
				if filter.GetTypedConfig().UnmarshalTo(manager) == nil && manager.GetRds() != nil {
					names = append(names, manager.GetRds().GetRouteConfigName())
				}
			}
		}
	}
	slices.Sort(names)
	request := &model.PushRequest{Push: istiod.PushContext()}
	built, _ := istiod.ConfigGenTest.ConfigGen.BuildHTTPRoutes(proxy, request, slices.Compact(names))
	var found []*route.RouteConfiguration
	for _, resource := range built {
		r := &route.RouteConfiguration{}
		if resource.Resource.UnmarshalTo(r) == nil {
			found = append(found, r)
		}
	}
	return found
}
