using System.Globalization;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Configuration;

/// <summary>
/// Durations and sizes are read as people write them. A duration that people and .NET read as different times is
/// refused with what to write.
/// </summary>
public sealed class SettingBinderTests
{
    [Theory]
    [InlineData("168:00:00", "Write 7d if 168 means hours, or 168d if it means days.")]
    [InlineData("24:00:00", "Write 1d if 24 means hours, or 24d if it means days.")]
    [InlineData("024:00:00", "Write 1d if 024 means hours, or 24d if it means days.")]
    [InlineData("36:12:05", "Write 1d 12h 12m 5s if 36 means hours, or 36d 12h 5m if it means days.")]
    [InlineData("30", "Write 30s if 30 means seconds, or 30d if it means days.")]
    [InlineData("1", "Write 1s if 1 means seconds, or 1d if it means days.")]
    [InlineData(" 90 ", "Write 1m 30s if 90 means seconds, or 90d if it means days.")]
    public void ProblemOf_DaysThatNobodyWrote_SaysWhatToWrite(string text, string advice) =>
        Assert.Equal($"Retention:MaxAge is '{text}'. {advice}", DurationSetting.ProblemOf("Retention:MaxAge", text));

    [Theory]
    [InlineData("00:00:00")]
    [InlineData("0")]
    [InlineData("00:00:05")]
    [InlineData("00:00:00.25")]
    [InlineData("1:30")]
    [InlineData("23:59:59")]
    [InlineData("7.00:00:00")]
    [InlineData("7.00:00")]
    [InlineData("168.00:00:00")]
    [InlineData("7:00:00:00")]
    [InlineData("7.12:30:00.5")]
    public void ProblemOf_ClearDuration_IsNone(string text)
    {
        Assert.Null(DurationSetting.ProblemOf("Retention:MaxAge", text));
        Assert.True(TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _), $"{text} is not a duration at all.");
    }

    /// <summary>No text becomes a time of a day or more unless it says the days.</summary>
    [Fact]
    public void ProblemOf_AnyHoursAndMinutes_AreReadAsSuchOrRefused()
    {
        foreach (var hours in Enumerable.Range(0, 400))
        {
            foreach (var rest in new[] { "", ":00", ":30", ":00:00", ":12:30", ":59:59", ":00:00.5" })
            {
                var text = string.Create(CultureInfo.InvariantCulture, $"{hours}{rest}");
                if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= TimeSpan.FromDays(1))
                {
                    Assert.NotNull(DurationSetting.ProblemOf("Section:Option", text));
                }
            }
        }
    }

    [Fact]
    public void AddCheckedOptions_EveryDurationOfTheOptions_IsChecked()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Sample:Plain"] = "168:00:00",
            ["Sample:Optional"] = "25:00:00",
            ["Sample:Nested:Inner"] = "48",
            ["Sample:List:0"] = "00:00:10",
            ["Sample:List:1"] = "72:00:00",
            ["Sample:ByName:a:Inner"] = "99:00:00",
            ["Sample:Text"] = "168:00:00",
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddCheckedOptions<SampleOptions>("Sample");
        using var provider = services.BuildServiceProvider();

        var refused = Assert.Throws<OptionsValidationException>(
            () => provider.GetRequiredService<IOptions<SampleOptions>>().Value);

        Assert.Equal(
            ["Sample:ByName:a:Inner", "Sample:List:1", "Sample:Nested:Inner", "Sample:Optional", "Sample:Plain"],
            refused.Failures.Select(failure => failure.Split(" is ")[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Bind_DurationsAndSizes_AreReadInOldAndNewForms()
    {
        var options = Bind(new()
        {
            ["Sample:Plain"] = "7d 12h",
            ["Sample:Optional"] = "01:30:00",
            ["Sample:List:0"] = "500ms",
            ["Sample:ByName:a:Inner"] = "2m",
            ["Sample:MaxBytes"] = "500MiB",
            ["Sample:MemoryMebibytes"] = "4GiB",
            ["Sample:OldBytes"] = "1024",
            ["Sample:Text"] = "5s",
        });

        Assert.Equal(
            (TimeSpan.FromHours(180), TimeSpan.FromMinutes(90), TimeSpan.FromMilliseconds(500),
                TimeSpan.FromMinutes(2)),
            (options.Plain, options.Optional, options.List[0], options.ByName["a"].Inner));
        Assert.Equal((524_288_000L, 4096, 1024L), (options.MaxBytes, options.MemoryMebibytes, options.OldBytes));
        Assert.Equal("5s", options.Text);
    }

    [Theory]
    [InlineData("Sample:Plain", "soon", "must be a duration such as 250ms, 30s")]
    [InlineData("Sample:MaxBytes", "5M", "must be a size such as 512KiB, 500MiB")]
    [InlineData("Sample:MemoryMebibytes", "5B", "and a multiple of 1MiB.")]
    public void Bind_WrongText_SaysWhatToWrite(string key, string text, string expected)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Bind(new() { [key] = text }));

        var failure = Assert.Single(refused.Failures);
        Assert.StartsWith($"{key} is '{text}'; it ", failure, StringComparison.Ordinal);
        Assert.Contains(expected, failure, StringComparison.Ordinal);
    }

    private static SampleOptions Bind(Dictionary<string, string?> settings)
    {
        var options = new SampleOptions();
        SettingBinder.Bind(
            new ConfigurationBuilder().AddInMemoryCollection(settings).Build().GetSection("Sample"), options);
        return options;
    }

    private sealed class SampleOptions
    {
        public long MaxBytes { get; set; }

        public long OldBytes { get; set; }

        public int MemoryMebibytes { get; set; }

        public TimeSpan Plain { get; set; }

        public TimeSpan? Optional { get; set; }

        public InnerOptions Nested { get; set; } = new();

        public IList<TimeSpan> List { get; } = [];

        public Dictionary<string, InnerOptions> ByName { get; } = new Dictionary<string, InnerOptions>();

        public string Text { get; set; } = "";
    }

    private sealed class InnerOptions
    {
        public TimeSpan Inner { get; set; }
    }
}
