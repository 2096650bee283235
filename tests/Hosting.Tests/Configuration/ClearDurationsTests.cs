using System.Globalization;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Configuration;

/// <summary>A duration that people and .NET read as different times is refused with what to write.</summary>
public sealed class ClearDurationsTests
{
    [Theory]
    [InlineData("168:00:00", "Write 7.00:00:00 if 168 means hours, or 168.00:00:00 if it means days.")]
    [InlineData("24:00:00", "Write 1.00:00:00 if 24 means hours, or 24.00:00:00 if it means days.")]
    [InlineData("024:00:00", "Write 1.00:00:00 if 024 means hours, or 24.00:00:00 if it means days.")]
    [InlineData("36:12:05", "Write 1.12:12:05 if 36 means hours, or 36.12:05:00 if it means days.")]
    [InlineData("30", "Write 00:00:30 if 30 means seconds, or 30.00:00:00 if it means days.")]
    [InlineData("1", "Write 00:00:01 if 1 means seconds, or 1.00:00:00 if it means days.")]
    [InlineData(" 90 ", "Write 00:01:30 if 90 means seconds, or 90.00:00:00 if it means days.")]
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

    private sealed class SampleOptions
    {
        public TimeSpan Plain { get; set; }

        public TimeSpan? Optional { get; set; }

        public InnerOptions Nested { get; set; } = new();

        public IList<TimeSpan> List { get; } = [];

        public IDictionary<string, InnerOptions> ByName { get; } = new Dictionary<string, InnerOptions>();

        public string Text { get; set; } = "";
    }

    private sealed class InnerOptions
    {
        public TimeSpan Inner { get; set; }
    }
}
