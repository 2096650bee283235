using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage.S3;

public sealed class S3StorageOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Default_IsTheFolder_AndNoBucketIsNeeded()
    {
        using var services = Make();

        Assert.Equal("", Read(services).Bucket);
        Assert.Null(services.GetService<S3StartCheck>());
    }

    [Fact]
    public void Bucket_SpoolFolder_IsInTheDataDirectory()
    {
        using var services = Make(("Storage", "S3"), ("Store", "PostgreSql"), ("S3:Bucket", "videos"));

        Assert.Equal(_folder.File("spool"), Read(services).SpoolFolder);
        Assert.Contains(services.GetRequiredService<IServiceCollection>(), entry =>
            entry.ServiceType == typeof(IStorage) && entry.ImplementationType == typeof(S3Storage));
    }

    [Theory]
    [InlineData("S3:Bucket is required", "Store", "PostgreSql")]
    [InlineData("Storage=S3 needs Store=PostgreSql", "S3:Bucket", "videos")]
    [InlineData("S3:Endpoint must be", "S3:Endpoint", "ftp://server")]
    [InlineData("S3:Endpoint must be", "S3:Endpoint", "https://user@server")]
    [InlineData("S3:SpoolFolder must be", "S3:SpoolFolder", "relative")]
    [InlineData("S3:CertificateAuthorities must be", "S3:CertificateAuthorities", "/nowhere.pem")]
    [InlineData("must be set together", "S3:AccessKeyFile", "/nowhere")]
    [InlineData("PartSize", "S3:PartSize", "1")]
    [InlineData("Prefix", "S3:Prefix", "no-slash")]
    [InlineData("Prefix", "S3:Prefix", "../")]
    [InlineData("S3:Buckett is not a setting", "S3:Buckett", "videos")]
    public void Option_ThatIsWrong_IsRefusedWithItsName(string expected, string key, string value)
    {
        using var services = Make(("Storage", "S3"), (key, value));

        var failure = Assert.Throws<OptionsValidationException>(() => Read(services));

        Assert.Contains(failure.Failures, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Secret_ThatOthersCanRead_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        _folder.WriteSecret("access", "key");
        File.WriteAllText(_folder.File("secret"), "key");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(
                _folder.File("secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        }

        using var services = Make(
            ("S3:AccessKeyFile", _folder.File("access")), ("S3:SecretKeyFile", _folder.File("secret")));

        var failure = Assert.Throws<OptionsValidationException>(() => Read(services));

        Assert.Contains("S3:SecretKeyFile", failure.Message, StringComparison.Ordinal);
        Assert.Contains("chmod 600", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Storage_OfNoKind_IsRefused()
    {
        var failure = Assert.Throws<FormatException>(() => Make(("Storage", "Tape")));

        Assert.Equal("Storage is 'Tape'; it must be one of Local, S3.", failure.Message);
    }

    private static S3StorageOptions Read(ServiceProvider services) =>
        services.GetRequiredService<IOptions<S3StorageOptions>>().Value;

    private ServiceProvider Make(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Append(("DataDirectory", _folder.Path))
                .ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2))
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IServiceCollection>(services);
        return services
            .AddLogging()
            .AddSingleton<IConfiguration>(configuration)
            .AddS3Storage(configuration)
            .BuildServiceProvider();
    }
}
