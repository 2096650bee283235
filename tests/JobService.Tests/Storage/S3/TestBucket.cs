using System.Diagnostics.CodeAnalysis;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Storage.S3;

/// <summary>A new bucket on a server, and what uses it.</summary>
internal sealed class TestBucket : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<IDisposable> _open = [];

    private TestBucket(Uri endpoint, string name)
    {
        _folder.WriteSecret("access-key", CephServer.AccessKey + "\n");
        _folder.WriteSecret("secret-key", CephServer.SecretKey + "\n");
        Options = new S3StorageOptions
        {
            Endpoint = endpoint.ToString(),
            Bucket = name,
            Prefix = "installation/",
            Region = CephServer.Region,
            PathStyle = true,
            AccessKeyFile = _folder.File("access-key"),
            SecretKeyFile = _folder.File("secret-key"),
            SpoolFolder = _folder.File("spool"),
            RetryDelay = TimeSpan.FromSeconds(7),
        };
    }

    /// <summary>The options; change them before the first use.</summary>
    public S3StorageOptions Options { get; }

    /// <summary>The clock of its store, which starts at the true time.</summary>
    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    /// <summary>Its videos.</summary>
    public InMemoryVideoReferences Videos { get; } = new();

    /// <summary>The folder of its files.</summary>
    public TemporaryFolder Folder => _folder;

    /// <summary>Its connection.</summary>
    public S3Connection Connection => Once(ref field, () => Keep(new S3Connection(Wrapped)));

    /// <summary>Its objects.</summary>
    public S3Bucket Bucket => Once(ref field, () => new S3Bucket(Connection, Wrapped));

    /// <summary>The storage in it.</summary>
    public S3Storage Storage => Once(ref field, () => new S3Storage(
        Bucket, Keep(new SpoolFolder(Wrapped)), Videos, Wrapped,
        Microsoft.Extensions.Options.Options.Create(new StorageOptions { MinFreeBytes = 0 }),
        new InMemoryJobStore(Time)));

    private IOptions<S3StorageOptions> Wrapped => Microsoft.Extensions.Options.Options.Create(Options);

    /// <summary>Creates a bucket.</summary>
    [SuppressMessage("Reliability", "CA2000", Justification = "The caller disposes it.")]
    public static async Task<TestBucket> CreateAsync(CephServer server) =>
        new(server.Endpoint, await server.CreateBucketAsync());

    /// <summary>Creates a file with bytes of all values.</summary>
    public string MakeFile(int length)
    {
        var path = _folder.File(Guid.NewGuid().ToString("N"));
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>The same bytes.</summary>
    public static async Task<byte[]> ReadAllAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, cancellationToken);
        return copy.ToArray();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _open.ForEach(item => item.Dispose());
        _folder.Dispose();
    }

    /// <summary>Creates a part at its first use, which several callers can make at once.</summary>
    private T Once<T>(ref T? part, Func<T> create)
        where T : class
    {
        lock (_open)
        {
            return part ??= create();
        }
    }

    private T Keep<T>(T item)
        where T : IDisposable
    {
        _open.Add(item);
        return item;
    }
}
