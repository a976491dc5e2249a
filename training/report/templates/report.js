const locale = {decimal: ".", thousands: ",", grouping: [3], currency: ["", ""], percent: "\u00a0%"};
const options = {renderer: "svg", formatLocale: locale, actions: {export: true, source: false, compiled: false, editor: false}};

for (const figure of document.querySelectorAll("figure")) {
  const spec = JSON.parse(figure.querySelector(".spec").textContent);
  figure.drawn = vegaEmbed(figure.querySelector(".chart"), spec, options);
}

for (const chooser of document.querySelectorAll(".chooser select")) {
  const figures = chooser.closest(".grouped").querySelectorAll("figure");
  chooser.addEventListener("change", () => {
    for (const figure of figures) {
      figure.drawn.then(({view}) => view.signal("dimension", chooser.value).runAsync());
    }
  });
}
