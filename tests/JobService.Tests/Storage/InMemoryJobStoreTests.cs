using ForegSyte.Jobs;
using ForegSyte.JobService.Tests.Fakes;

namespace ForegSyte.JobService.Tests.Storage;

public sealed class InMemoryJobStoreTests : JobStoreContract
{
    private protected override IJobStore Store { get; } = new InMemoryJobStore();
}
