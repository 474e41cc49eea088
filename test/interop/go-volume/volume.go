// A framework on the mesos-go library as Debian packages it that keeps data in a persistent volume: reserves disk, creates the
// volume and writes to it in one ACCEPT, reads it in a second task, then destroys it and gives the disk back. Ends with status
// 0 only when an offer shows at the end that nothing of it is left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/controller"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/eventrules"
	"github.com/mesos/mesos-go/api/v1/lib/extras/store"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/resources"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/events"
)

const (
	role   = "interop-volume"
	diskMB = 64.0
)

// What the next suitable offer is for.
type stage int

const (
	write stage = iota
	read
	destroy
	leave
)

type framework struct {
	id     store.Singleton
	caller calls.Caller
	cancel context.CancelFunc
	stage  stage
	// A task runs: offers are declined until it has ended.
	busy     bool
	finished bool
	failure  error
}

func main() {
	address := flag.String("master", "127.0.0.1:5050", "host:port of the master")
	codec := flag.String("codec", "protobuf", "protobuf or json")
	flag.Parse()
	if err := run(*address, *codec); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("done")
}

func run(address, codec string) error {
	mediaType := codecs.MediaTypeProtobuf
	if codec == codecs.NameJSON {
		mediaType = codecs.MediaTypeJSON
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := httpcli.New(
		httpcli.Endpoint(fmt.Sprintf("http://%s/api/v1/scheduler", address)),
		httpcli.Codec(codecs.ByMediaType[mediaType]),
		httpcli.Do(httpcli.With(httpcli.Timeout(0))),
	)
	f := &framework{id: store.NewInMemorySingleton(), cancel: cancel}
	caller := httpsched.NewCaller(client)
	f.caller = calls.CallerFunc(func(ctx context.Context, call *scheduler.Call) (mesos.Response, error) {
		if id, err := f.id.Get(); err == nil {
			call.FrameworkID = &mesos.FrameworkID{Value: id}
		}
		return caller.Call(ctx, call)
	})
	info := &mesos.FrameworkInfo{
		User:  "root",
		Name:  "interop-go-volume-" + codec,
		Roles: []string{role},
		Capabilities: []mesos.FrameworkInfo_Capability{
			{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE},
			{Type: mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
		},
	}
	handler := eventrules.New(
		controller.LiftErrors(),
		controller.TrackSubscription(f.id, 10*time.Second),
		controller.AckStatusUpdates(f.caller),
		eventrules.DropOnError(),
	).Handle(events.HandlerFuncs{scheduler.Event_OFFERS: f.onOffers, scheduler.Event_UPDATE: f.onUpdate})
	err := controller.Run(ctx, info, caller,
		controller.WithEventHandler(handler),
		controller.WithFrameworkID(store.GetIgnoreErrors(f.id)),
	)
	if f.failure != nil {
		return f.failure
	}
	if f.finished {
		return nil
	}
	return fmt.Errorf("ended in stage %d: %v, %v", f.stage, err, ctx.Err())
}

func (f *framework) fail(format string, arguments ...interface{}) error {
	f.failure = fmt.Errorf(format, arguments...)
	f.cancel()
	return f.failure
}

func (f *framework) call(ctx context.Context, call *scheduler.Call) error {
	return calls.CallNoData(ctx, f.caller, call)
}

func (f *framework) onOffers(ctx context.Context, event *scheduler.Event) error {
	for i := range event.GetOffers().GetOffers() {
		if err := f.onOffer(ctx, &event.GetOffers().Offers[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *framework) onOffer(ctx context.Context, offer *mesos.Offer) error {
	operations := f.operations(offer)
	if f.stage == leave && !f.busy {
		if held := reservedDisk(offer.Resources); held != 0 {
			return f.fail("%v MB are still reserved", held)
		}
		f.finished = true
		defer f.cancel()
		if err := f.call(ctx, &scheduler.Call{Type: scheduler.Call_TEARDOWN}); err != nil {
			return f.fail("teardown: %w", err)
		}
		return errors.New("all is done")
	}
	if operations == nil {
		return f.call(ctx, calls.Decline(offer.ID).With(calls.RefuseSeconds(time.Second)))
	}
	fmt.Printf("stage %d: %d operations\n", f.stage, len(operations))
	if f.stage == destroy {
		f.stage = leave
	} else {
		f.busy = true
	}
	return f.call(ctx, calls.Accept(operations.WithOffers(offer.ID)).With(calls.RefuseSeconds(0)))
}

// operations is nil when the offer does not have what this stage needs.
func (f *framework) operations(offer *mesos.Offer) calls.OfferOperations {
	if f.busy {
		return nil
	}
	volume := findVolume(offer.Resources)
	switch {
	case f.stage == write && volume == nil:
		disk, made := newVolume()
		return calls.OfferOperations{calls.OpReserve(disk), calls.OpCreate(made), f.task(offer, made, "echo kept > data/file")}
	case f.stage == read && volume != nil:
		return calls.OfferOperations{f.task(offer, *volume, `test "$(cat data/file)" = kept`)}
	case f.stage == destroy && volume != nil:
		disk, _ := newVolume()
		return calls.OfferOperations{calls.OpDestroy(*volume), calls.OpUnreserve(disk)}
	}
	return nil
}

func (f *framework) task(offer *mesos.Offer, volume mesos.Resource, command string) mesos.Offer_Operation {
	id := fmt.Sprintf("stage-%d", f.stage)
	shell := true
	return calls.OpLaunch(mesos.TaskInfo{
		Name:      id,
		TaskID:    mesos.TaskID{Value: id},
		AgentID:   offer.AgentID,
		Resources: []mesos.Resource{allocated(resources.NewCPUs(0.1).Resource), allocated(resources.NewMemory(32).Resource), volume},
		Command:   &mesos.CommandInfo{Shell: &shell, Value: &command},
	})
}

func (f *framework) onUpdate(_ context.Context, event *scheduler.Event) error {
	status := event.GetUpdate().GetStatus()
	fmt.Println(status.TaskID.Value, status.GetState(), status.GetMessage())
	switch status.GetState() {
	case mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING:
		return nil
	case mesos.TASK_FINISHED:
		if f.busy {
			f.busy = false
			f.stage++
		}
		return nil
	}
	return f.fail("%v: %s", status.GetState(), status.GetMessage())
}

func newVolume() (disk, volume mesos.Resource) {
	dynamic, mode, owner := mesos.Resource_ReservationInfo_DYNAMIC, mesos.RW, role
	disk = allocated(resources.NewDisk(diskMB).Resource)
	disk.Reservations = []mesos.Resource_ReservationInfo{{Type: &dynamic, Role: &owner}}
	volume = disk
	volume.Disk = &mesos.Resource_DiskInfo{
		Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "interop-volume"},
		Volume:      &mesos.Volume{ContainerPath: "data", Mode: &mode},
	}
	return disk, volume
}

func allocated(resource mesos.Resource) mesos.Resource {
	owner := role
	resource.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &owner}
	return resource
}

func findVolume(offered []mesos.Resource) *mesos.Resource {
	for i := range offered {
		if offered[i].GetDisk().GetPersistence() != nil {
			return &offered[i]
		}
	}
	return nil
}

func reservedDisk(offered []mesos.Resource) (megabytes float64) {
	for i := range offered {
		if len(offered[i].Reservations) > 0 {
			megabytes += offered[i].GetScalar().GetValue()
		}
	}
	return megabytes
}
