using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing;
using ForegSyte.Testing.Servers;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage.S3;

public sealed class S3StartCheckTests(SharedServers servers)
{
    [Fact]
    public async Task Run_UsableBucket_LeavesNothing()
    {
        using var bucket = await TestBucket.CreateAsync(await servers.CephOrSkipAsync());

        await RunAsync(bucket);

        Assert.Empty(await bucket.Bucket.ListAsync("", Cancellation).ToListAsync(Cancellation));
    }

    [Theory]
    [InlineData("bucket", "has no bucket no-such-bucket (S3:Bucket)")]
    [InlineData("access key", "does not know the access key (S3:AccessKeyFile, S3:SecretKeyFile)")]
    [InlineData("secret key", "refuses the secret key (S3:AccessKeyFile, S3:SecretKeyFile)")]
    [InlineData("endpoint", "cannot be reached (S3:Endpoint)")]
    [InlineData("https", "speaks no TLS, or has no trusted certificate (S3:Endpoint, S3:CertificateAuthorities)")]
    public async Task Run_WrongOption_SaysWhich(string wrong, string expected)
    {
        using var bucket = await TestBucket.CreateAsync(await servers.CephOrSkipAsync());
        bucket.Options.MaxRetries = 0;
        switch (wrong)
        {
            case "bucket":
                bucket.Options.Bucket = "no-such-bucket";
                break;
            case "access key":
                await File.WriteAllTextAsync(bucket.Options.AccessKeyFile, "unknown", Cancellation);
                break;
            case "secret key":
                await File.WriteAllTextAsync(bucket.Options.SecretKeyFile, "wrong", Cancellation);
                break;
            case "endpoint":
                bucket.Options.Endpoint = "http://127.0.0.1:1";
                break;
            default:
                bucket.Options.Endpoint = bucket.Options.Endpoint.Replace("http:", "https:", StringComparison.Ordinal);
                break;
        }

        var failure = await Assert.ThrowsAsync<ObjectStorageException>(() => RunAsync(bucket));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains(bucket.Options.Endpoint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_EndpointWithTls_IsTrustedByTheConfiguredAuthorityOnly()
    {
        var ceph = await servers.CephOrSkipAsync();
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder.Path);
        using var stranger = new TestCertificates(folder.Path, "stranger");
        await using var terminator = new TlsTerminator(ceph.Endpoint, authority.Server());
        using var trusting = await TestBucket.CreateAsync(ceph);
        trusting.Options.Endpoint = terminator.Endpoint.ToString();
        trusting.Options.CertificateAuthorities = authority.CaFile;
        using var distrustful = await TestBucket.CreateAsync(ceph);
        distrustful.Options.Endpoint = terminator.Endpoint.ToString();
        distrustful.Options.CertificateAuthorities = stranger.CaFile;
        distrustful.Options.MaxRetries = 0;

        await RunAsync(trusting);
        var failure = await Assert.ThrowsAsync<ObjectStorageException>(() => RunAsync(distrustful));

        Assert.Contains("has no trusted certificate", failure.Message, StringComparison.Ordinal);
        Assert.Contains("S3:CertificateAuthorities", failure.Message, StringComparison.Ordinal);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task RunAsync(TestBucket bucket) =>
        new S3StartCheck(bucket.Connection, Options.Create(bucket.Options)).RunAsync(Cancellation);
}
