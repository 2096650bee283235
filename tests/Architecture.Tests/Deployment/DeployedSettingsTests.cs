using System.Reflection;
using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>The settings in the files of deploy/ exist, and those of a cluster fit together.</summary>
public sealed partial class DeployedSettingsTests
{
    private static readonly Type[] Types =
    [
        .. ((string[])["ForegSyte.Hosting", "ForegSyte.JobService", "ForegSyte.InferenceService"])
            .SelectMany(assembly => Assembly.Load(assembly).GetTypes()),
    ];

    public static TheoryData<string> Files =>
        new("kubernetes/foregsyte.yaml", "kubernetes/cluster.yaml", "compose/cluster.yaml");

    [Theory]
    [MemberData(nameof(Files))]
    public void Settings_AreThoseOfTheServices(string file)
    {
        var settings = Variable().Matches(Read(file)).Select(match => match.Groups["setting"].Value).ToList();
        Assert.NotEmpty(settings);
        Assert.All(settings, setting => Assert.True(IsSetting(setting), $"{setting} is not a setting."));
    }

    [Theory]
    [InlineData("Video__AllowedHost__0")]
    [InlineData("Vidio__AllowedHosts__0")]
    [InlineData("Stor")]
    public void Settings_OtherNames_AreFound(string setting) => Assert.False(
        IsSetting(setting), $"{setting} counts as a setting.");

    /// <summary>With the bucket in the host name, the uris would have another host than the endpoint.</summary>
    [Theory]
    [InlineData("kubernetes/cluster.yaml")]
    [InlineData("compose/cluster.yaml")]
    public void Cluster_InferenceService_MayReadFromTheBucket(string file)
    {
        var text = Read(file);
        var endpoint = new Uri(ValueOf(text, "S3__Endpoint"));
        Assert.Equal("true", ValueOf(text, "S3__PathStyle"));
        Assert.Equal(endpoint.Authority, ValueOf(text, "Video__AllowedHosts__0"));
        Assert.Equal(
            endpoint.Scheme == Uri.UriSchemeHttp,
            text.Contains("FOREGSYTE_Video__AllowHttp: \"true\"", StringComparison.Ordinal));
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, "deploy", file));

    /// <summary>The value of a variable that has one in the file.</summary>
    private static string ValueOf(string text, string setting) => Assert.Single(
        Regex.Matches(text, $"FOREGSYTE_{setting}:?\\s+(value: )?\"?(?<value>[^\"\\s]+)")).Groups["value"].Value;

    private static bool IsSetting(string variable)
    {
        var parts = variable.Split("__").ToList();
        if (int.TryParse(parts[^1], out _))
        {
            parts.RemoveAt(parts.Count - 1);
        }

        var section = string.Join(':', parts.SkipLast(1));
        return parts.Count == 1
            ? Types.Any(type => ConstantOf(type, "Key") == parts[0])
            : Types.Any(type => ConstantOf(type, "Section") == section && type.GetProperty(parts[^1]) is not null);
    }

    private static string? ConstantOf(Type type, string name) =>
        type.ContainsGenericParameters
            ? null
            : type.GetField(name, BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true } constant
                ? constant.GetRawConstantValue() as string
                : null;

    [GeneratedRegex("FOREGSYTE_(?<setting>[A-Za-z0-9_]+)")]
    private static partial Regex Variable();
}
