using System.Globalization;
using ForegSyte.Jobs.Tracking;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>The table that both services share is the one that the trackers follow.</summary>
public sealed class TrackingParameterTests
{
    [Fact]
    public void Defaults_AreThoseOfTheTrackers()
    {
        Assert.Equal(new TrackerOptions(), TrackerOptions.From(new ObjectTracking()));
        Assert.Equal(new ShotDetectorOptions(), ShotDetectorOptions.From(new ShotDetection()));
    }

    [Fact]
    public void EachParameter_SetsTheOptionOfItsName()
    {
        AssertSets(TrackingParameters.Objects, new TrackerOptions(), given =>
            TrackerOptions.From(new ObjectTracking { Parameters = { given } }));
        AssertSets(TrackingParameters.Shots, new ShotDetectorOptions(), given =>
            ShotDetectorOptions.From(new ShotDetection { Parameters = { given } }));
    }

    [Fact]
    public void From_AdaptiveSampling_HasItsOwnDefaultsAndTheValuesOfThePipeline()
    {
        var options = TrackerOptions.From(new ObjectTracking { Parameters = { ["growth"] = 0.3 } }, isAdaptive: true);

        Assert.Equal(0.3, options.Growth);
        Assert.All(TrackingParameters.AdaptiveObjects.Where(parameter => parameter.Name != "growth"), parameter =>
            Assert.Equal(
                parameter.Default,
                Convert.ToDouble(
                    typeof(TrackerOptions).GetProperty(Property(parameter.Name))!.GetValue(options),
                    CultureInfo.InvariantCulture)));
        Assert.All(TrackingParameters.AdaptiveObjects, parameter =>
            Assert.InRange(parameter.Default, parameter.Minimum, parameter.Maximum));
        Assert.Equal(new TrackerOptions(), TrackerOptions.From(new ObjectTracking()));
    }

    [Fact]
    public void RangesOfObjects_AreThoseOfTheTracker()
    {
        foreach (var parameter in TrackingParameters.Objects)
        {
            foreach (var value in new[] { parameter.Minimum, parameter.Maximum })
            {
                Assert.DoesNotContain(
                    With(parameter, value).Mistakes(),
                    mistake => mistake.StartsWith(Property(parameter.Name) + " is", StringComparison.Ordinal)
                        && !mistake.Contains("at most Confidence", StringComparison.Ordinal));
            }

            // A value just outside is a mistake of the tracker too, as far as its type can hold it.
            var outside = parameter.IsWhole ? parameter.Maximum + 1 : parameter.Maximum + 0.001;
            Assert.Contains(
                With(parameter, outside).Mistakes(),
                mistake => mistake.StartsWith(Property(parameter.Name) + " is", StringComparison.Ordinal));
        }

        static TrackerOptions With(TrackingParameter parameter, double value)
        {
            var options = new TrackerOptions();
            var property = typeof(TrackerOptions).GetProperty(Property(parameter.Name))!;
            property.SetValue(options, Convert.ChangeType(value, property.PropertyType, CultureInfo.InvariantCulture));
            return options;
        }
    }

    [Theory]
    [InlineData("growth", 1.5)]
    [InlineData("min_frames", 2.5)]
    [InlineData("max_hidden_seconds", double.NaN)]
    public void From_ValueOutOfRange_Throws(string name, double value)
    {
        var failure = Assert.Throws<ArgumentException>(
            () => TrackerOptions.From(new ObjectTracking { Parameters = { [name] = value } }));

        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Setting a parameter changes the option with its name in Pascal case, and no other.</summary>
    private static void AssertSets<T>(
        IReadOnlyList<TrackingParameter> parameters, T defaults, Func<Dictionary<string, double>, T> read)
    {
        Assert.Equal(
            typeof(T).GetProperties().Where(property => property.CanWrite).Select(property => property.Name).Order(),
            parameters.Select(parameter => Property(parameter.Name)).Order());
        foreach (var parameter in parameters)
        {
            // The candidate confidence is at most the confidence.
            var isCapped = parameter.Name == TrackingParameters.CandidateConfidence;
            var value = isCapped || parameter.Default == parameter.Maximum ? parameter.Minimum : parameter.Maximum;
            var options = read(new() { [parameter.Name] = value });
            foreach (var property in typeof(T).GetProperties().Where(property => property.CanWrite))
            {
                var expected = property.Name == Property(parameter.Name)
                    ? Convert.ChangeType(value, property.PropertyType, CultureInfo.InvariantCulture)
                    : property.GetValue(defaults);
                Assert.Equal((property.Name, expected), (property.Name, property.GetValue(options)));
            }
        }
    }

    private static string Property(string name) =>
        string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
