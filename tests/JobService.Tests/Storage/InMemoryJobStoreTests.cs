using ForegSyte.Jobs.Tests.Fakes;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class InMemoryJobStoreTests : JobStoreContract
{
    private protected override IJobStore Store { get; } = new InMemoryJobStore();
}
