using ForegSyte.Jobs.Storage;
using ForegSyte.JobService.Tests.Fakes;

namespace ForegSyte.JobService.Tests.Storage;

public sealed class InMemoryStorageTests : StorageContract
{
    private protected override IStorage Storage { get; } = new InMemoryStorage();
}
