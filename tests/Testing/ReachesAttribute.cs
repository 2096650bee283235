using System.Reflection;
using ForegSyte.V1;
using Xunit;
using Xunit.v3;

namespace ForegSyte.Testing;

/// <summary>
/// Declares that a test receives an error with this reason over a real socket. The test fails if
/// <see cref="Refusal"/> read no such error. docs/errors.md lists these tests, and every reason must have one.
/// </summary>
/// <param name="reason">The reason.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ReachesAttribute(ErrorReason reason) : BeforeAfterTestAttribute
{
    /// <summary>The reason.</summary>
    public ErrorReason Reason { get; } = reason;

    /// <inheritdoc />
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.TestState?.Result is TestResult.Failed or TestResult.Skipped)
        {
            return;
        }

        Assert.True(
            Refusal.WasRead(Reason),
            $"{methodUnderTest.Name} declares {Reason} but received no error with this reason.");
    }
}
