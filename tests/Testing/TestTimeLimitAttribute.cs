using System.Reflection;
using Xunit.v3;

namespace ForegSyte.Testing;

/// <summary>
/// Limits the time of a test. tests/Directory.Build.props applies the default to every test assembly; the attribute on
/// a class or method overrides it.
/// </summary>
/// <remarks>
/// At the limit, the test's cancellation token is cancelled and the test fails with a message. A test that still runs
/// after <see cref="TestWatchdog.GracePeriod"/> hangs: <see cref="TestWatchdog"/> ends the test process.
/// </remarks>
/// <param name="minutes">The limit in minutes.</param>
[AttributeUsage(AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Method)]
public sealed class TestTimeLimitAttribute(int minutes) : BeforeAfterTestAttribute
{
    private readonly TimeSpan _limit = TestWatchdog.LimitOf(minutes);

    /// <inheritdoc />
    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        ArgumentNullException.ThrowIfNull(test);
        TestWatchdog.Start(test.UniqueID, test.TestDisplayName, _limit);
    }

    /// <inheritdoc />
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        ArgumentNullException.ThrowIfNull(test);
        TestWatchdog.Stop(test.UniqueID);
    }
}
