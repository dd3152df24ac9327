// The acl program is smokescreen's own reader of ACLs: whether it takes a file, and what each service may reach by it.
//
// The argument is a file; stdin has a service and a host a line, apart by a space; stdout has a line for each: true or
// false. An ACL that smokescreen refuses makes one line on stderr and the status 1. A module of its own: it shares no
// dependency with istiod.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"
	acl "github.com/stripe/smokescreen/pkg/smokescreen/acl/v1"
)

func main() {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	list, err := acl.New(quiet, acl.NewYAMLLoader(os.Args[1]), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		service, host, _ := strings.Cut(lines.Text(), " ")
		decision, err := list.Decide(acl.DecideArgs{Service: service, Host: host})
		fmt.Println(err == nil && decision.Result != acl.Deny)
	}
}
