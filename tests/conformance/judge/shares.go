package main

import (
	"fmt"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	"google.golang.org/protobuf/types/known/anypb"

	"istio.io/istio/pkg/wellknown"
)

// nameShares gives every set of clusters that a route or a TCP proxy deals its calls to a name of its own in place of
// the set, because the simulation only tells of one cluster.
func (s *sidecar) nameShares() {
	for _, config := range s.all.Routes {
		for _, host := range config.VirtualHosts {
			for _, r := range host.Routes {
				s.nameRoute(r.GetRoute())
			}
		}
	}
	for _, l := range s.all.Listeners {
		for _, chain := range append([]*listener.FilterChain{l.DefaultFilterChain}, l.FilterChains...) {
			for _, filter := range chain.GetFilters() {
				s.nameProxy(filter)
			}
		}
	}
}

func (s *sidecar) nameRoute(action *route.RouteAction) {
	if action == nil {
		return
	}
	var shares []Share
	for _, dealt := range action.GetWeightedClusters().GetClusters() {
		shares = append(shares, s.share(dealt.Name, dealt.GetWeight().GetValue()))
	}
	if len(shares) == 0 && len(action.RequestMirrorPolicies) > 0 {
		shares = append(shares, s.share(action.GetCluster(), 1))
	}
	for _, mirror := range action.RequestMirrorPolicies {
		copied := s.share(mirror.Cluster, 0)
		copied.Copied = true
		shares = append(shares, copied)
	}
	if len(shares) > 0 {
		action.ClusterSpecifier = &route.RouteAction_Cluster{Cluster: s.nameOf(shares)}
	}
}

func (s *sidecar) nameProxy(filter *listener.Filter) {
	if filter.Name != wellknown.TCPProxy {
		return
	}
	proxy := &tcp.TcpProxy{}
	if err := filter.GetTypedConfig().UnmarshalTo(proxy); err != nil {
		panic(err)
	}
	var shares []Share
	for _, dealt := range proxy.GetWeightedClusters().GetClusters() {
		shares = append(shares, s.share(dealt.Name, dealt.Weight))
	}
	if len(shares) == 0 {
		return
	}
	proxy.ClusterSpecifier = &tcp.TcpProxy_Cluster{Cluster: s.nameOf(shares)}
	packed, err := anypb.New(proxy)
	if err != nil {
		panic(err)
	}
	filter.ConfigType = &listener.Filter_TypedConfig{TypedConfig: packed}
}

func (s *sidecar) share(name string, weight uint32) Share {
	matched := s.clusters[name]
	if matched == nil {
		return Share{Verdict: "lost", Cluster: name, Weight: weight}
	}
	return Share{Verdict: "allowed", Cluster: name, Type: kind(matched), Weight: weight}
}

func (s *sidecar) nameOf(shares []Share) string {
	name := fmt.Sprintf("shared %d", len(s.shares))
	s.shares[name] = shares
	return name
}
