using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Configuration;

/// <summary>Errors of settings that are out of range.</summary>
public sealed class CheckedOptionsTests
{
    [Fact]
    public void Value_OutOfRange_IsRefusedByTheNameOfTheSetting()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Sample:MaxTries"] = "0",
                ["Sample:Limit"] = "0s",
                ["Sample:Delay"] = "2d",
            }).Build());
        services.AddCheckedOptions<SampleOptions>("Sample");
        using var provider = services.BuildServiceProvider();

        var refused = Assert.Throws<OptionsValidationException>(
            () => provider.GetRequiredService<IOptions<SampleOptions>>().Value);

        Assert.Equal(
        [
            "Sample:Delay must be between 1s and 1h.",
            "Sample:Limit must be 100ms to 10m.",
            "Sample:MaxTries must be between 1 and 100.",
        ],
        refused.Failures.Order(StringComparer.Ordinal));
    }

    private sealed class SampleOptions
    {
        [Range(1, 100)]
        public int MaxTries { get; set; }

        [TimeRange("00:00:00.1", "00:10:00")]
        public TimeSpan Limit { get; set; }

        [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
        public TimeSpan Delay { get; set; }
    }
}
